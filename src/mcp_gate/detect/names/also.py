"""Common names that the package with the lists has in their own letters only, or not at all."""

from __future__ import annotations

from typing import Final

GIVEN: Final = """
Hyun Woo Min Jun Seo Yeon Yoon Ji Soo Eun Tae Yang Dong Hye Joon Sung Jin Hee Kyung Jae Sang Mi Ra
Wei Jing Fang Xiuying Qiang Lei Yong Jie Juan Yan Tao Ming Chao Ping Gang Hui Ying Hong Hua Mei Yun Bo Hao Ling Peng
Rui Ting Haoran Yifan Zihan Yuxin Xinyi Jiahao Guowei Zhihao Xiaoming Xiaoyu Jianguo Yuting Meiling Lihua Xiaojun
Akira Hiroshi Kenji Takeshi Haruto Haruka Yuki Yuto Sota Ren Sakura Aoi Hina Yui Keiko Naoko Noriko Michiko Yoko Emiko
Kazuko Tomoko Megumi Mariko Kaori Aiko Yumi Ayumi Hideo Hideki Satoshi Takashi Makoto Kazuo Tetsuya Daisuke Shinji
Shota Ryota Kenta Hiroto Masaru Masashi Ichiro Jiro Kenichi Koji Naoki Osamu Shigeru Tadashi Yasuo Yoshio Nobuo
Aarav Aditya Ajay Amit Amitabh Anand Ananya Anil Anita Anjali Ankit Anup Arjun Arun Asha Ashok Ashwin Deepa Deepak
Dinesh Divya Ganesh Gaurav Gautam Geeta Girish Gopal Hari Harish Indira Jaya Kamal Karthik Kavita Kiran Kishore
Krishna Kunal Lakshmi Lalitha Madhav Mahesh Manish Manoj Meena Meera Mohan Mukesh Nandini Naresh Neha Nikhil Nisha
Nitin Padma Pooja Prakash Pranav Prasad Priya Radha Rahul Raj Rajeev Rajesh Rakesh Ram Ramesh Ravi Rekha Rohit Sachin
Sandeep Sangeeta Sanjay Sanjeev Satish Shankar Shilpa Shreya Siddharth Sneha Srinivas Subhash Sudha Sunil Sunita
Suresh Sushma Swati Tarun Uma Usha Varun Venkat Vijay Vikas Vikram Vinod Vishal Vivek Yash
Abdul Abdullah Adel Adnan Ahmad Ali Amal Amina Amir Anwar Ayman Aziza Bashir Bilal Dalia Dina Faisal Farah Farid Fatima
Ghada Habib Hadi Hala Hamza Hana Hani Hasan Hassan Hiba Huda Hussein Ibrahim Iman Jamal Jamila Kamal Karim Khadija
Khalid Khaled Laila Lamia Layla Leila Lina Mahmoud Majid Malik Mariam Maryam Mehdi Mohamed Mohammed Mona Mustafa Nabil
Nada Nadia Nasser Noor Noura Omar Othman Rami Rania Rashid Reem Reza Saeed Said Salim Salma Samir Samira Sara Shirin
Sultan Tamer Tariq Waleed Walid Yara Yasmin Yasser Youssef Yusuf Zahra Zainab Zaid Zayd Ziad
Abena Abeni Abimbola Achieng Adaeze Ade Adebayo Adewale Akinyi Akosua Ama Amara Amaka Amina Ayodele Babajide Bukola
Chiamaka Chidi Chidinma Chika Chima Chinedu Chinonso Chioma Chukwuemeka Efua Ekow Emeka Esi Femi Fiifi Folasade Funmi
Halima Ifeoma Ikenna Jabari Kehinde Kiprono Kofi Kojo Kwabena Kwaku Kwame Lerato Lindiwe Makena Mpho Mwangi Naledi
Ngozi Njeri Nkechi Nomsa Nomvula Nnamdi Obinna Olu Olumide Oluwaseun Palesa Segun Sibusiso Sipho Taiwo Temitope Thabo
Thandeka Thandiwe Themba Tunde Uche Wambui Wanjiru Yaw Yewande Zanele Zawadi Zodwa
Minh Linh Thuy Hoa Duc Lan Tuan Hung Huong Phuong Trang Thanh Khanh Ngoc Vinh Thao Binh Cuong Dung Hien Loan Nga Quang
Somchai Somsak Niran Malee Siriporn Anong Avi Noa Yael Shlomo Moshe Rivka Eitan Tamar Itai Dov Chaim Shira
Ayşe Burak Burcu Cem Defne Deniz Elif Emre Esra Mehmet Murat Mustafa Selin Zeynep Arash Dariush Farhad Kaveh Kourosh
Parisa Soraya Shapour Aleksandr Yevgeny Dmitri Fyodor Ekaterina Yekaterina Natalia Tatiana Nikolai Sergei Anatoly
Svetlana Vladimir Oleksandr Volodymyr Mykola Yuri Kirill Kostas Dimitris Giorgos Yannis Eleni Ioanna Katerina Zsófia
Gergely László Gábor Zoltán
"""
SURNAMES: Final = """
Kim Lee Park Choi Jung Kang Cho Yoon Jang Lim Han Seo Shin Kwon Hwang Ahn Song Yoo Hong Jeon Moon Bae Baek Noh Kwak
Wang Li Zhang Liu Chen Yang Huang Zhao Wu Zhou Xu Sun Ma Zhu Hu Guo He Lin Gao Luo Zheng Liang Xie Tang Deng Feng Cao
Peng Zeng Xiao Tian Dong Pan Yuan Cai Jiang Yu Du Ye Cheng Su Lu Ding Ren Yao Shen Qian Kong Ouyang
Nguyen Tran Pham Huynh Hoang Phan Vu Vo Dang Bui Do Ngo Duong Dinh Mai Ly Truong
Abe Endo Fujii Fujita Fujimoto Fukuda Goto Hara Harada Hasegawa Hashimoto Hayashi Hirano Ikeda Imai Inoue Ishida
Ishii Ishikawa Ito Iwasaki Kaneko Kato Kawasaki Kimura Kobayashi Kojima Kondo Kudo Kumagai Kuroda Maeda Maruyama
Matsuda Matsui Matsumoto Matsuo Miura Miyamoto Miyazaki Mori Morita Murakami Murata Nagai Nakagawa Nakajima Nakamura
Nakano Nakayama Nishida Nishimura Noguchi Nomura Ogawa Okada Okamoto Ono Ota Otsuka Saito Sakai Sakamoto Sasaki Sato
Shibata Shimada Shimizu Sugiyama Suzuki Takada Takagi Takahashi Takeuchi Tamura Tanaka Taniguchi Ueda Ueno Uchida
Wada Watanabe Yamada Yamaguchi Yamamoto Yamashita Yokoyama Yoshida
Agarwal Bhat Bhatt Chandra Das Dubey Goswami Iyengar Khanna Krishnamurthy Kulkarni Mahajan Malhotra Mishra Mukherjee
Pandey Patil Raghunathan Rastogi Saxena Srivastava Subramanian Thakur Tripathi Venkatesan
Abbas Abdallah Ahmadi Barakat Bakir Benali Bouazza Darwish Daoud Fakhoury Farouk Ghanem Habib Haddad Hamdan Hosseini
Karimi Khalil Khatib Khoury Mansour Masri Mousavi Nasser Nasr Rahimi Rahman Saleh Salem Shahin Tehrani Zidan
Achebe Adeleke Adeyemi Afolabi Agyeman Appiah Asante Balogun Bankole Boateng Chukwu Danjuma Diallo Dlamini Ekwueme
Eze Kamau Kariuki Kimani Koroma Mabaso Mbeki Mensah Mokoena Mutua Ndlovu Ngugi Nkosi Nwosu Obi Ochieng Odhiambo
Okafor Okeke Okonkwo Okoro Olawale Otieno Owusu Osei Quaye Sarpong Sesay Wambui Zulu
Aksoy Arslan Aydın Bulut Çelik Çetin Demir Demirci Doğan Erdoğan Kaya Öztürk Özkan Polat Şahin Yıldız Yılmaz
"""
CYRILLIC: Final = {
    "а": "a", "б": "b", "в": "v", "г": "g", "ґ": "g", "д": "d", "е": "e", "є": "ye", "ж": "zh", "з": "z", "и": "i",
    "і": "i", "к": "k", "л": "l", "м": "m", "н": "n", "о": "o", "п": "p", "р": "r", "с": "s", "т": "t", "у": "u",
    "ф": "f", "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch", "ъ": "", "ы": "y", "ь": "", "э": "e",
    "ю": "yu", "я": "ya",
}  # fmt: skip
"""What its letters are in Latin ones."""
